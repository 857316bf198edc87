/**
 * The values of a provisioning template, with its functions carried out:
 *
 *     { "Ref": "SerialNumber" }                              a parameter
 *     { "Fn::Join": ["-", ["hub", { "Ref": … }]] }           texts into one
 *     { "Fn::Sub": "hub-${SerialNumber}" }                   parameters into a text; also ["…${x}", { "x": … }]
 *     { "Fn::Split": [",", { "Ref": … }] }                   a text into a list
 *     { "Fn::Select": [0, …] }                               one of a list
 *     { "Fn::FindInMap": ["Table", { "Ref": … }, "url"] }    of the template's Mappings
 *
 * AWS IoT developer guide, "Provisioning templates". Parameters come from devices, so what comes out is bounded here.
 */
import type { JsonObject, JsonValue } from '../../protocol/aws-iot/json.ts';

/** UTF-16 units that all functions of one template may produce together: a device may repeat nothing without end. */
const MAX_PRODUCED = 65_536;

/** Why a template cannot be evaluated with these parameters, as the device is told. */
export class InvalidExpression extends Error {
  override readonly name = 'InvalidExpression';
}

export interface Scope {
  readonly parameters: ReadonlyMap<string, string>;
  /** Two levels of names, then texts or lists of texts. */
  readonly mappings: JsonObject;
}

const FUNCTIONS = ['Ref', 'Fn::Join', 'Fn::Sub', 'Fn::Split', 'Fn::Select', 'Fn::FindInMap'] as const;

type FunctionName = (typeof FUNCTIONS)[number];

/** The name and the argument, where an object is a call of a function. @throws {InvalidExpression} */
export function callOf(object: JsonObject): readonly [FunctionName, JsonValue] | undefined {
  const entries = Object.entries(object);
  if (!entries.some(([key]) => key === 'Ref' || key.startsWith('Fn:'))) return undefined;
  const [[name, argument] = ['', null], ...more] = entries;
  const known = FUNCTIONS.find((it) => it === name);
  if (known && more.length === 0) return [known, argument];
  throw new InvalidExpression(
    `expected one of ${FUNCTIONS.join(', ')} alone, got ${entries
      .map(([key]) => key)
      .join(', ')
      .slice(0, 80)}`,
  );
}

/** `value` with every call in it carried out. @throws {InvalidExpression} */
export function evaluate(value: JsonValue, scope: Scope): JsonValue {
  return new Evaluation(scope).of(value);
}

class Evaluation {
  readonly #scope: Scope;
  readonly #calls: Readonly<Record<FunctionName, (argument: JsonValue) => JsonValue>> = {
    Ref: (argument) => this.#produce(this.#parameter(expectText(argument, 'Ref'))),
    'Fn::Join': (argument) => this.#join(argument),
    'Fn::Sub': (argument) => this.#substitute(argument),
    'Fn::Split': (argument) => this.#split(argument),
    'Fn::Select': (argument) => this.#select(argument),
    'Fn::FindInMap': (argument) => this.#findInMap(argument),
  };
  #produced = 0;

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  of(value: JsonValue): JsonValue {
    if (isList(value)) return value.map((item) => this.of(item));
    if (typeof value !== 'object' || value === null) return value;
    const call = callOf(value);
    if (call) return this.#calls[call[0]](call[1]);
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, this.of(item)]));
  }

  #join(argument: JsonValue): string {
    const [separator, items = null] = expectArguments(argument, 'Fn::Join', 2);
    const texts = expectList(this.of(items), 'Fn::Join').map((item) => expectText(item, 'Fn::Join'));
    return this.#produce(texts.join(expectText(separator, 'Fn::Join')));
  }

  #split(argument: JsonValue): JsonValue {
    const [separator, text = null] = expectArguments(argument, 'Fn::Split', 2);
    if (separator === '') throw new InvalidExpression('Fn::Split: expected a separator, got an empty text');
    return this.#produce(expectText(this.of(text), 'Fn::Split')).split(expectText(separator, 'Fn::Split'));
  }

  #select(argument: JsonValue): JsonValue {
    const [index = null, items = null] = expectArguments(argument, 'Fn::Select', 2);
    return itemAt(expectList(this.of(items), 'Fn::Select'), this.of(index));
  }

  #substitute(argument: JsonValue): string {
    const [pattern, extra] = isList(argument) ? expectArguments(argument, 'Fn::Sub', 2) : [argument, {}];
    const values = new Map(
      Object.entries(expectObject(extra, 'Fn::Sub')).map(([name, item]) => [
        name,
        expectText(this.of(item), 'Fn::Sub'),
      ]),
    );
    const text = expectText(pattern, 'Fn::Sub');
    return text.replaceAll(/\$\{([^}]*)\}/g, (_whole, name: string) =>
      // ${!this} is how a template writes ${this}.
      this.#produce(name.startsWith('!') ? `\${${name.slice(1)}}` : (values.get(name) ?? this.#parameter(name))),
    );
  }

  #findInMap(argument: JsonValue): JsonValue {
    const path = expectArguments(argument, 'Fn::FindInMap', 3).map((item) =>
      expectText(this.of(item), 'Fn::FindInMap'),
    );
    let found: JsonValue = this.#scope.mappings;
    for (const name of path) found = expectMember(found, name);
    return this.#produceAll(found);
  }

  #parameter(name: string): string {
    const value = this.#scope.parameters.get(name);
    if (value !== undefined) return value;
    throw new InvalidExpression(`the parameter ${name.slice(0, 80)} is missing`);
  }

  #produceAll(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.#produce(value);
    return isList(value) ? value.map((item) => this.#produceAll(item)) : value;
  }

  #produce(text: string): string {
    this.#produced += text.length;
    if (this.#produced <= MAX_PRODUCED) return text;
    throw new InvalidExpression(`the parameters make the template produce more than ${MAX_PRODUCED} characters`);
  }
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isList = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);

function expectArguments(value: JsonValue, name: string, count: number): readonly JsonValue[] {
  if (isList(value) && value.length === count) return value;
  throw new InvalidExpression(
    `${name}: expected a list of ${count}, got ${isList(value) ? value.length : typeof value}`,
  );
}

function expectText(value: JsonValue | undefined, name: string): string {
  if (typeof value === 'string') return value;
  throw new InvalidExpression(`${name}: expected a text, got ${isList(value) ? 'a list' : typeof value}`);
}

function expectList(value: JsonValue, name: string): readonly JsonValue[] {
  if (isList(value)) return value;
  throw new InvalidExpression(`${name}: expected a list, got ${typeof value}`);
}

function expectObject(value: JsonValue | undefined, name: string): JsonObject {
  if (isObject(value)) return value;
  throw new InvalidExpression(`${name}: expected an object`);
}

function expectMember(value: JsonValue, name: string): JsonValue {
  const object = expectObject(value, 'Fn::FindInMap');
  const member = Object.hasOwn(object, name) ? object[name] : undefined;
  if (member !== undefined && member !== null) return member;
  throw new InvalidExpression(`Fn::FindInMap: there is no ${name.slice(0, 80)} in the mappings`);
}

function itemAt(items: readonly JsonValue[], index: JsonValue): JsonValue {
  const at = typeof index === 'string' && /^\d{1,9}$/.test(index) ? Number(index) : index;
  const item = typeof at === 'number' && Number.isInteger(at) ? items[at] : undefined;
  if (item !== undefined && item !== null) return item;
  throw new InvalidExpression(`Fn::Select: expected an index below ${items.length}`);
}
