/**
 * The public names of an entry point, as the declarations that are published say: their signatures
 * and docstrings, inherited members resolved.
 */
import { join } from "node:path";
import { type ts6, ts } from "./compiler.ts";
import type { Entry } from "./entries.ts";

export interface Documented {
  readonly name: string;
  readonly doc: string;
  readonly throws: readonly string[];
  readonly returns: string;
}

export interface Member extends Documented {
  readonly signature: string;
}

export interface PublicName extends Documented {
  readonly kind: "function" | "class" | "interface" | "type" | "constant";
  /** Whole, or for classes and interfaces the head. */
  readonly signature: string;
  /** Bases that are public themselves; members of the others are among `members`. */
  readonly bases: readonly Named[];
  readonly members: readonly Member[];
}

/** A type that another one names, and the subpath that exports it. */
export interface Named {
  readonly name: string;
  readonly subpath: string;
}

export interface EntryModel {
  readonly names: readonly PublicName[];
  /** Types that signatures name and that an entry exports on which this one is built. */
  readonly borrowed: readonly Named[];
  /** Types of the package that signatures name, and that nobody can import. */
  readonly forgotten: readonly string[];
  /** Names and members without a docstring. */
  readonly undocumented: readonly string[];
}

const OPTIONS: ts6.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.NodeNext,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
};

/** Reads the declarations of entries of the built package in a folder. */
export function readModels(
  packageFolder: string,
  entries: readonly Entry[],
): ReadonlyMap<Entry, EntryModel> {
  const fileOf = ({ module }: Entry): string => join(packageFolder, "dist", `${module}.d.ts`);
  const host = ts.createCompilerHost(OPTIONS);
  host.getCurrentDirectory = () => packageFolder;
  const program = ts.createProgram(entries.map(fileOf), OPTIONS, host);
  const dist = join(packageFolder, "dist");
  const readers = entries.map((entry) => {
    const file = program.getSourceFile(fileOf(entry));
    if (file === undefined) throw new Error(`${fileOf(entry)} is missing: npm run build`);
    return new EntryReader(program.getTypeChecker(), entry, file, dist);
  });
  return new Map(readers.map((reader) => [reader.entry, reader.read(readers)]));
}

type NamedDeclaration =
  | ts6.ClassDeclaration
  | ts6.InterfaceDeclaration
  | ts6.FunctionDeclaration
  | ts6.TypeAliasDeclaration
  | ts6.VariableDeclaration;

class EntryReader {
  readonly entry: Entry;
  private readonly checker: ts6.TypeChecker;
  private readonly dist: string;
  /** What the entry exports, by the symbols of the declarations. */
  private readonly exported: ReadonlyMap<ts6.Symbol, string>;
  /** What it exports, and what the entries do on which it is built. */
  private readonly known: Map<ts6.Symbol, Named> = new Map();
  private readonly borrowed: Map<string, Named> = new Map();
  private readonly forgotten: Set<string> = new Set();
  private readonly undocumented: Set<string> = new Set();

  constructor(checker: ts6.TypeChecker, entry: Entry, file: ts6.SourceFile, dist: string) {
    this.checker = checker;
    this.entry = entry;
    this.dist = dist;
    const module = checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`${file.fileName} exports nothing`);
    const symbols = checker.getExportsOfModule(module);
    this.exported = new Map(symbols.map((symbol) => [this.resolved(symbol), symbol.name]));
  }

  read(all: readonly EntryReader[]): EntryModel {
    const around = all.filter(({ entry }) => this.entry.builtOn.includes(entry.subpath));
    for (const { entry, exported } of [this, ...around]) {
      for (const [symbol, name] of exported) {
        if (!this.known.has(symbol)) this.known.set(symbol, { name, subpath: entry.subpath });
      }
    }
    const names = [...this.exported].map(([symbol, name]) => this.readName(symbol, name));
    return {
      names: names.toSorted(byName),
      borrowed: [...this.borrowed.values()].toSorted(byName),
      forgotten: [...this.forgotten].toSorted(),
      undocumented: [...this.undocumented].toSorted(),
    };
  }

  private readName(symbol: ts6.Symbol, name: string): PublicName {
    const declaration = symbol.declarations?.find(isNamed);
    if (declaration === undefined) throw new Error(`${name} is declared in no way known here`);
    const documented = this.document(symbol, name, name);
    const leaf = { ...documented, bases: [], members: [] };
    if (ts.isFunctionDeclaration(declaration)) {
      this.borrowIn(declaration);
      return { ...leaf, kind: "function", signature: functionText(declaration) };
    }
    if (ts.isTypeAliasDeclaration(declaration)) {
      this.borrowIn(declaration);
      return { ...leaf, kind: "type", signature: aliasText(declaration) };
    }
    if (ts.isVariableDeclaration(declaration)) {
      this.borrowIn(declaration);
      return { ...leaf, kind: "constant", signature: `const ${textOf(declaration)}` };
    }
    const isClass = ts.isClassDeclaration(declaration);
    const { bases, shown } = this.readBases(declaration);
    const members = this.readMembers(symbol, name, declaration, bases);
    const parameters = declaration.typeParameters?.map((each) => each.getText()).join(", ");
    const head = parameters === undefined ? name : `${name}<${parameters}>`;
    for (const parameter of declaration.typeParameters ?? []) this.borrowIn(parameter);
    const modifier = isAbstract(declaration) ? "abstract " : "";
    const signature = `${modifier}${isClass ? "class" : "interface"} ${head}${shown}`;
    const kind = isClass ? "class" : "interface";
    return { ...documented, kind, signature, bases: [...bases.values()], members };
  }

  /** Public bases by their symbols, and the part of the head that names bases. */
  private readBases(declaration: ts6.ClassDeclaration | ts6.InterfaceDeclaration): {
    bases: ReadonlyMap<ts6.Symbol, Named>;
    shown: string;
  } {
    const bases = new Map<ts6.Symbol, Named>();
    const clauses = declaration.heritageClauses ?? [];
    const shown = clauses.map(({ token, types }) => {
      const shownTypes = types.filter((type) => {
        const symbol = this.checker.getSymbolAtLocation(type.expression);
        const base = symbol === undefined ? undefined : this.resolved(symbol);
        const named = base === undefined ? undefined : this.known.get(base);
        if (base === undefined || named === undefined) return !this.isOwn(base) && !isMapped(type);
        if (token === ts.SyntaxKind.ExtendsKeyword) bases.set(base, named);
        return true;
      });
      const word = token === ts.SyntaxKind.ExtendsKeyword ? "extends" : "implements";
      const texts = shownTypes.map((type) => type.getText());
      return texts.length === 0 ? "" : ` ${word} ${texts.join(", ")}`;
    });
    return { bases, shown: shown.join("") };
  }

  private readMembers(
    symbol: ts6.Symbol,
    owner: string,
    declaration: ts6.ClassDeclaration | ts6.InterfaceDeclaration,
    bases: ReadonlyMap<ts6.Symbol, Named>,
  ): readonly Member[] {
    const members: Member[] = [];
    for (const made of declaration.members.filter(ts.isConstructorDeclaration)) {
      const tags = ts.getJSDocTags(made);
      if (isHidden(made) || tags.some(({ tagName }) => tagName.text === "internal")) continue;
      const doc = docOf(ts.getJSDocCommentsAndTags(made).find(ts.isJSDoc));
      const throws = tags.filter(ts.isJSDocThrowsTag).map(commentOf);
      if (doc === "" && throws.length === 0) this.undocumented.add(`${owner}.constructor`);
      this.borrowIn(made);
      const signature = textOf(made).replace(/^constructor/, `new ${owner}`);
      members.push({ name: "constructor", doc, throws, returns: "", signature });
    }
    const inherited = new Set([...bases.keys()].flatMap((base) => this.namesOf(base)));
    const statics = [...(symbol.exports?.values() ?? [])].filter(isStatic);
    for (const property of [...this.propertiesOf(symbol), ...statics]) {
      if (inherited.has(property.name) && !isDeclaredIn(property, declaration)) continue;
      const member = this.readMember(property, owner);
      if (member !== undefined) members.push(member);
    }
    for (const index of declaration.members.filter(ts.isIndexSignatureDeclaration)) {
      this.borrowIn(index);
    }
    return members;
  }

  private namesOf(symbol: ts6.Symbol): readonly string[] {
    return this.propertiesOf(symbol).map(({ name }) => name);
  }

  private propertiesOf(symbol: ts6.Symbol): readonly ts6.Symbol[] {
    const type = this.checker.getDeclaredTypeOfSymbol(symbol);
    return this.checker.getPropertiesOfType(type);
  }

  /** Undefined for what is private, internal, or no part of this package. */
  private readMember(property: ts6.Symbol, owner: string): Member | undefined {
    const declaration = property.declarations?.[0];
    if (declaration === undefined || isHidden(declaration)) return undefined;
    if (!this.isOwn(property)) return undefined;
    // Every error of this package is named after its class.
    if (textOf(declaration) === `readonly name = "${owner}"`) return undefined;
    const tags = property.getJsDocTags(this.checker);
    if (tags.some(({ name }) => name === "internal")) return undefined;
    this.borrowIn(declaration);
    const name = ts.getNameOfDeclaration(declaration)?.getText() ?? property.name;
    const isOptional = (property.flags & ts.SymbolFlags.Optional) !== 0;
    const signature = signatureOf(declaration, name, isOptional);
    return { ...this.document(property, name, `${owner}.${name}`), signature };
  }

  private document(symbol: ts6.Symbol, name: string, path: string): Documented {
    const doc = ts.displayPartsToString(symbol.getDocumentationComment(this.checker)).trim();
    const tags = symbol.getJsDocTags(this.checker);
    const textsOf = (wanted: string): string[] => {
      const found = tags.filter((tag) => tag.name === wanted);
      return found.map(({ text }) => ts.displayPartsToString(text).trim());
    };
    const [returns = ""] = textsOf("returns");
    const throws = textsOf("throws");
    if (doc === "" && returns === "" && throws.length === 0) this.undocumented.add(path);
    return { name, doc, throws, returns };
  }

  /** Notes which types of this package a declaration names that the entry does not export. */
  private borrowIn(node: ts6.Node): void {
    const visit = (each: ts6.Node): void => {
      if (ts.isTypeReferenceNode(each)) this.borrow(each.typeName);
      if (ts.isTypeQueryNode(each)) this.borrow(each.exprName);
      if (ts.isImportTypeNode(each)) this.forgotten.add(each.getText());
      ts.forEachChild(each, visit);
    };
    visit(node);
  }

  private borrow(name: ts6.EntityName): void {
    const found = this.checker.getSymbolAtLocation(name);
    if (found === undefined) throw new Error(`${name.getText()} is not to be found`);
    const symbol = this.resolved(found);
    if ((symbol.flags & ts.SymbolFlags.TypeParameter) !== 0 || !this.isOwn(symbol)) return;
    const named = this.known.get(symbol);
    if (named === undefined) this.forgotten.add(symbol.name);
    else if (named.subpath !== this.entry.subpath) this.borrowed.set(named.name, named);
  }

  /** Whether something is declared in this package. */
  private isOwn(symbol: ts6.Symbol | undefined): boolean {
    const [declaration] = symbol?.declarations ?? [];
    return declaration?.getSourceFile().fileName.startsWith(`${this.dist}/`) ?? false;
  }

  private resolved(symbol: ts6.Symbol): ts6.Symbol {
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    return isAlias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }
}

function isNamed(node: ts6.Node): node is NamedDeclaration {
  return (
    ts.isClassDeclaration(node) ||
    ts.isInterfaceDeclaration(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isTypeAliasDeclaration(node) ||
    ts.isVariableDeclaration(node)
  );
}

function isHidden(node: ts6.Node): boolean {
  if (ts.isClassElement(node) && node.name !== undefined && ts.isPrivateIdentifier(node.name)) {
    return true;
  }
  const hiding = [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword];
  const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : [];
  return modifiers.some(({ kind }) => hiding.includes(kind));
}

function isStatic({ declarations }: ts6.Symbol): boolean {
  return declarations?.some((each) => ts.isClassElement(each)) ?? false;
}

function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  return left.name < right.name ? -1 : 1;
}

function isDeclaredIn(property: ts6.Symbol, owner: ts6.Declaration): boolean {
  return property.declarations?.[0]?.parent === owner;
}

function isAbstract(node: ts6.Declaration): boolean {
  return (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Abstract) !== 0;
}

/** `Omit<Options, "name">` and the like: their members are resolved instead. */
function isMapped(type: ts6.ExpressionWithTypeArguments): boolean {
  return /^(Omit|Pick|Partial|Required|Readonly)</.test(type.getText());
}

/** The declaration as it is written, without its docstring and what every one of them has. */
function textOf(node: ts6.Node): string {
  const text = node.getText().replace(/^export /, "");
  return halfIndented(text.replace(/^declare /, "").replace(/;$/, ""));
}

/** Longest line of a signature that is left on one line. */
const COLUMNS = 100;

/** A union with comments, or a long one, stands with a line for each alternative. */
function aliasText(declaration: ts6.TypeAliasDeclaration): string {
  const { type } = declaration;
  const whole = declaration.getSourceFile().text;
  const text = textOf(declaration);
  const hasComments = whole.slice(type.pos, type.end).includes("/**");
  if (!ts.isUnionTypeNode(type) || (!hasComments && text.length <= COLUMNS)) return text;
  let from = type.pos;
  const alternatives = type.types.flatMap((each) => {
    const between = whole.slice(from, each.getStart());
    from = each.end;
    const comments = between.match(/\/\*\*.*?\*\//gs) ?? [];
    const [first = "", ...more] = halfIndented(each.getText()).split("\n");
    const lines = [...comments, `| ${first}`].flatMap((part) => part.split("\n"));
    return [...lines.map((line) => `  ${line}`), ...more.map((line) => `    ${line}`)];
  });
  const head = whole.slice(declaration.getStart(), type.pos).replace(/^export (declare )?/, "");
  return [head.trimEnd(), ...alternatives].join("\n");
}

/** A long one stands with a line for each parameter. */
function functionText(declaration: ts6.FunctionDeclaration): string {
  const text = textOf(declaration);
  if (text.length <= COLUMNS) return text;
  const head = declaration.typeParameters?.map((each) => each.getText()).join(", ");
  const parameters = declaration.parameters.map((each) => `  ${each.getText()},`);
  const result = declaration.type?.getText() ?? "void";
  const name = `${declaration.name?.text}${head === undefined ? "" : `<${head}>`}`;
  return [`function ${name}(`, ...parameters, `): ${result}`].join("\n");
}

/** The compiler indents by four columns. */
function halfIndented(text: string): string {
  return text.replaceAll(/^(?: {4})+/gm, (spaces) => spaces.slice(spaces.length / 2));
}

/** A member's, marked as optional where only the inheriting type makes it so. */
function signatureOf(declaration: ts6.Node, name: string, isOptional: boolean): string {
  const text = textOf(declaration)
    .replace(/^override /, "")
    .replace(/^get (.*)\(\)/, "readonly $1");
  if (!isOptional || text.includes(`${name}?`)) return text;
  return text.replace(`${name}:`, `${name}?:`);
}

function docOf(comment: ts6.JSDoc | undefined): string {
  return ts.getTextOfJSDocComment(comment?.comment)?.trim() ?? "";
}

function commentOf(tag: ts6.JSDocTag): string {
  return ts.getTextOfJSDocComment(tag.comment)?.trim() ?? "";
}
