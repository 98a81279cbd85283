import ts from 'typescript';

/** Comparisons: changed at their boundary, and negated if they are not part of a mutated condition. */
const COMPARISONS = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '===': ['!=='],
  '!==': ['==='],
};
const OPERATORS = {
  ...COMPARISONS,
  '&&': ['||'],
  '||': ['&&'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['*'],
  '+=': ['-=', '='],
  '-=': ['+=', '='],
  '??=': ['='],
};
const METHODS = {
  every: 'some',
  some: 'every',
  min: 'max',
  max: 'min',
  startsWith: 'endsWith',
  endsWith: 'startsWith',
};
/** Methods that return the same type as their receiver. */
const DROPPED_METHODS = new Set(['slice', 'filter', 'sort', 'reverse', 'trim', 'floor']);

/**
 * Rewrites one source with all of its mutants: `__mutant(id)` returns whether a mutant is
 * enabled. So no mutant needs a new compilation.
 *
 * @returns the rewritten source, and for each mutant its id, line, column, original code and replacement.
 */
export function instrument(file, source, firstId) {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ES2022, true);
  const mutants = [];
  const text = (node) => source.slice(node.getStart(tree), node.end);

  const mutant = (node, to) => {
    const { line, character } = tree.getLineAndCharacterOfPosition(node.getStart(tree));
    const id = firstId + mutants.length;
    mutants.push({
      id,
      file,
      symbol: symbolAround(node),
      line: line + 1,
      column: character + 1,
      from: oneLine(text(node)),
      to: oneLine(to),
    });
    return id;
  };

  /** Returns the text of a node with its mutants and those of its descendants. */
  const render = (node) => {
    if (isLeftAlone(node)) return text(node);
    let result = '';
    let at = node.getStart(tree);
    ts.forEachChild(node, (child) => {
      if (child.getStart(tree) < at) return;
      result += source.slice(at, child.getStart(tree)) + render(child);
      at = child.end;
    });
    result += source.slice(at, node.end);
    if (isRemovable(node)) return `{if(!__mutant(${mutant(node, 'nothing')})){${result}}}`;
    const replacements = replacementsOf(node, text);
    if (replacements.length === 0) return result;
    const choices = replacements.map((to) => `__mutant(${mutant(node, to)})?(${to}):`).join('');
    return `(${choices}${result})`;
  };

  const code = source.slice(0, tree.getStart(tree)) + render(tree);
  return { code, mutants };
}

/** The names of all declarations around the node, the outermost first: `Class.member`, `function.constant`. */
function symbolAround(node) {
  const names = [];
  for (let { parent } = node; parent !== undefined; { parent } = parent) {
    if (ts.isConstructorDeclaration(parent)) names.unshift('constructor');
    else if (isNamed(parent) && parent.name !== undefined && ts.isMemberName(parent.name))
      names.unshift(parent.name.text);
  }
  return names.join('.') || 'the module';
}

function isNamed(node) {
  return (
    ts.isFunctionLike(node) ||
    ts.isClassDeclaration(node) ||
    ts.isVariableDeclaration(node) ||
    ts.isPropertyDeclaration(node)
  );
}

function isLeftAlone(node) {
  return (
    ts.isTypeNode(node) ||
    ts.isImportDeclaration(node) ||
    ts.isExportDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isDecorator(node)
  );
}

function isRemovable(node) {
  if (ts.isThrowStatement(node) || ts.isBreakStatement(node) || ts.isContinueStatement(node)) return true;
  if (!ts.isExpressionStatement(node)) return false;
  const { expression } = node;
  return !(ts.isCallExpression(expression) && expression.expression.kind === ts.SyntaxKind.SuperKeyword);
}

function replacementsOf(node, text) {
  if (isCondition(node)) {
    const isLoop = !ts.isIfStatement(node.parent) && !ts.isConditionalExpression(node.parent);
    // An endless loop shows nothing that a skipped loop does not show.
    return isLoop ? ['false', ...operatorMutants(node, text)] : ['true', 'false', ...operatorMutants(node, text)];
  }
  return operatorMutants(node, text);
}

function isCondition(node) {
  const { parent } = node;
  if (parent === undefined) return false;
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent))
    return parent.expression === node;
  return (ts.isConditionalExpression(parent) || ts.isForStatement(parent)) && parent.condition === node;
}

function operatorMutants(node, text) {
  if (ts.isBinaryExpression(node)) return binaryMutants(node, text);
  if (ts.isPrefixUnaryExpression(node)) return unaryMutants(node, text);
  if (ts.isPostfixUnaryExpression(node)) return [`${text(node.operand)}${opposite(node.operator)}`];
  if (ts.isCallExpression(node)) return callMutants(node, text);
  if (ts.isPropertyAccessExpression(node) && node.questionDotToken && !isInsideChain(node))
    return [`${text(node.expression)}.${text(node.name)}`];
  if (ts.isArrayLiteralExpression(node) && node.elements.length > 0 && !isTarget(node)) return ['[]'];
  return literalMutants(node, text);
}

function binaryMutants(node, text) {
  const { left, right, operatorToken } = node;
  const operator = text(operatorToken);
  if (operator === '??') return [text(left), text(right)];
  const others = OPERATORS[operator] ?? [];
  const isWholeCondition = operator in COMPARISONS && isCondition(node);
  const kept = isWholeCondition ? others.filter((other) => isBoundary(operator, other)) : others;
  return kept.map((other) => `${text(left)} ${other} ${text(right)}`);
}

/** `a < b` and `a <= b` differ at one point. The mutants `true` and `false` cover the rest. */
function isBoundary(operator, other) {
  return operator[0] === other[0] && operator[0] !== '=' && operator[0] !== '!';
}

function unaryMutants({ operator, operand }, text) {
  if (operator === ts.SyntaxKind.ExclamationToken || operator === ts.SyntaxKind.MinusToken) return [text(operand)];
  const flipped = opposite(operator);
  return flipped === undefined ? [] : [`${flipped}${text(operand)}`];
}

function opposite(operator) {
  if (operator === ts.SyntaxKind.PlusPlusToken) return '--';
  return operator === ts.SyntaxKind.MinusMinusToken ? '++' : undefined;
}

function callMutants(node, text) {
  const { expression } = node;
  if (isInsideChain(node)) return [];
  if (!ts.isPropertyAccessExpression(expression)) return [];
  const name = text(expression.name);
  const args = node.arguments.map(text).join(', ');
  const mutants = [];
  const dot = expression.questionDotToken ? '?.' : '.';
  if (Object.hasOwn(METHODS, name)) mutants.push(`${text(expression.expression)}${dot}${METHODS[name]}(${args})`);
  if (DROPPED_METHODS.has(name)) mutants.push(name === 'floor' ? args : text(expression.expression));
  if (expression.questionDotToken) mutants.push(`${text(expression.expression)}.${name}(${args})`);
  return mutants;
}

/** A link of `a?.b.c` cannot be wrapped, because the following links would no longer be skipped with it. */
function isInsideChain(node) {
  const { parent } = node;
  const isLink =
    ts.isPropertyAccessExpression(parent) || ts.isCallExpression(parent) || ts.isElementAccessExpression(parent);
  return (isLink && parent.expression === node) || ts.isNonNullExpression(parent) || isTarget(node);
}

function isTarget(node) {
  const { parent } = node;
  if (ts.isDeleteExpression(parent) || ts.isBindingElement(parent)) return true;
  if (!ts.isBinaryExpression(parent) || parent.left !== node) return false;
  const { kind } = parent.operatorToken;
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

function literalMutants(node, text) {
  if (node.kind === ts.SyntaxKind.TrueKeyword) return ['false'];
  if (node.kind === ts.SyntaxKind.FalseKeyword) return ['true'];
  if (ts.isNumericLiteral(node)) return isName(node) || isTuning(node) ? [] : [String(Number(node.text) + 1)];
  if (!ts.isStringLiteral(node) && !ts.isNoSubstitutionTemplateLiteral(node) && !ts.isTemplateExpression(node))
    return [];
  // Messages are for people, and no test should compare them.
  // A string in a comparison is covered by the mutants of the comparison.
  if (isName(node) || text(node).includes(' ') || isComparand(node)) return [];
  return [text(node).length === 2 ? '"other"' : '""'];
}

/** A constant of a module is a limit. A test of 64 against 65 would only repeat it. */
function isTuning(node) {
  for (let { parent } = node; parent !== undefined; { parent } = parent) {
    if (ts.isVariableStatement(parent)) return ts.isSourceFile(parent.parent);
    if (ts.isFunctionLike(parent) || ts.isClassLike(parent)) return false;
  }
  return false;
}

function isComparand({ parent }) {
  return ts.isBinaryExpression(parent) && /^[=!]==$/.test(parent.operatorToken.getText());
}

function isName({ parent, pos }) {
  return (parent.name !== undefined && parent.name.pos === pos) || ts.isLiteralTypeNode(parent);
}

function oneLine(code) {
  const line = code.replace(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 97)}...` : line;
}
