import ts from 'typescript';

export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const CLOSING: ReadonlySet<string> = new Set([')', ']', '}']);

/** Returns the tokens of a declaration, without white space, comments and trailing commas. */
export function tokensOf(node: ts.Node, tree: ts.SourceFile): readonly Token[] {
  const tokens: Token[] = [];
  const visit = (each: ts.Node): void => {
    if (ts.isJSDoc(each) || each.end === each.pos) return;
    const children = each.getChildren(tree);
    if (children.length > 0) children.forEach(visit);
    else if (each.kind !== ts.SyntaxKind.SyntaxList) tokens.push(...scanned(each.getText(tree), each.getStart(tree)));
  };
  visit(node);
  return withoutTrailingCommas(tokens);
}

/** The scanner alone takes `>=` for two tokens, because `>` can also end type arguments. */
function scanned(text: string, start: number): readonly Token[] {
  if (!/^>[>=]/.test(text)) return [{ text, start, end: start + text.length }];
  return Array.from(text, (character, at) => ({ text: character, start: start + at, end: start + at + 1 }));
}

/** Returns the tokens of a part of the source, which need not be a whole statement. It holds no regular expression. */
export function tokensOfText(text: string): readonly Token[] {
  const scanner = ts.createScanner(ts.ScriptTarget.ES2022, true, ts.LanguageVariant.Standard, text);
  const tokens: Token[] = [];
  /** For each template around the token: how many braces are open in its current expression. */
  const templates: number[] = [];
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    const inner = templates.length - 1;
    if (kind === ts.SyntaxKind.CloseBraceToken && templates[inner] === 0) {
      kind = scanner.reScanTemplateToken(false);
      if (kind === ts.SyntaxKind.TemplateTail) templates.pop();
    } else if (kind === ts.SyntaxKind.TemplateHead) templates.push(0);
    else if (kind === ts.SyntaxKind.OpenBraceToken && inner >= 0) templates[inner]! += 1;
    else if (kind === ts.SyntaxKind.CloseBraceToken && inner >= 0) templates[inner]! -= 1;
    tokens.push({ text: scanner.getTokenText(), start: scanner.getTokenStart(), end: scanner.getTokenEnd() });
  }
  return withoutTrailingCommas(tokens);
}

/** Returns where the sequence begins among the tokens, as indices. */
export function occurrences(tokens: readonly Token[], sequence: readonly Token[]): readonly number[] {
  if (sequence.length === 0) return [];
  return tokens.flatMap((_, from) =>
    sequence.every(({ text }, index) => tokens[from + index]?.text === text) ? [from] : [],
  );
}

/** The formatter adds a comma at the end of a list that it breaks into lines. */
function withoutTrailingCommas(tokens: readonly Token[]): readonly Token[] {
  return tokens.filter(({ text }, index) => text !== ',' || !CLOSING.has(tokens[index + 1]?.text ?? ''));
}
