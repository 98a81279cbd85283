import ts from 'typescript';

/**
 * Lists the public members of an entry point that have no doc comment: `Class.member`, or the name of an export. A member
 * without a comment of its own counts as documented if a class or an interface that its class extends or implements
 * documents it, because editors show that comment.
 *
 * Constructors, private members, names that begin with `ɵ` and exports of other packages do not count.
 *
 * @param {string} entry path of the declaration file of the entry point.
 * @param {string} directory path of the package.
 * @param {ts.CompilerOptions} options
 * @returns {string[]}
 */
export function undocumentedMembers(entry, directory, options) {
  const program = ts.createProgram([entry], options);
  const checker = program.getTypeChecker();
  const entryModule = checker.getSymbolAtLocation(program.getSourceFile(entry));
  const isOwn = ({ declarations = [] }) =>
    declarations.some((declaration) => declaration.getSourceFile().fileName.startsWith(`${directory}/`));
  return checker.getExportsOfModule(entryModule).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (!isOwn(symbol) || exported.name.startsWith('ɵ')) return [];
    const missing = publicMembers(symbol).filter((member) => !isDocumented(member, checker));
    const names = missing.map((member) => `${exported.name}.${nameOf(member)}`);
    return isDocumented(symbol, checker) ? names : [exported.name, ...names];
  });
}

function publicMembers({ flags, members = new Map(), exports = new Map() }) {
  if (!(flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface))) return [];
  return [...members.values(), ...exports.values()].filter(isPublic);
}

const NOT_MEMBERS =
  ts.SymbolFlags.TypeParameter | ts.SymbolFlags.Constructor | ts.SymbolFlags.Prototype | ts.SymbolFlags.Signature;

function isPublic({ flags, name, declarations = [], valueDeclaration = declarations[0] }) {
  if (flags & NOT_MEMBERS && name !== ts.InternalSymbolName.Index) return false;
  if (name.startsWith('ɵ') || valueDeclaration === undefined) return false;
  const isNamedPrivate = valueDeclaration.name !== undefined && ts.isPrivateIdentifier(valueDeclaration.name);
  return !isNamedPrivate && !(ts.getCombinedModifierFlags(valueDeclaration) & ts.ModifierFlags.Private);
}

function isDocumented(symbol, checker) {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() !== '';
}

function nameOf({ name, declarations = [] }) {
  if (name === ts.InternalSymbolName.Index) return '[index]';
  return declarations[0]?.name?.getText() ?? name;
}
