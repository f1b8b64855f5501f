// Bugs are planted by putting other members on the core's prototypes, for the time of a call. So the
// code that is shipped holds no switch for them.

/** What a planted bug does to one member of one class. */
export interface Planting {
  readonly prototype: object;
  readonly member: string;
  readonly descriptor: (original: PropertyDescriptor) => PropertyDescriptor;
}

type Method<Self> = (this: Self, ...args: never[]) => unknown;

/** Another method around a method. */
export function around<Self>(
  wrap: (self: Self, call: (...args: readonly unknown[]) => unknown, args: never[]) => unknown,
): Planting["descriptor"] {
  return (original) => {
    const method = original.value as Method<Self>;
    return {
      ...original,
      value(this: Self, ...args: never[]): unknown {
        return wrap(this, (...others) => method.apply(this, others as never[]), args);
      },
    };
  };
}

/** Another getter in the place of a getter. */
export function getter<Self>(
  get: (self: Self, original: () => unknown) => unknown,
): Planting["descriptor"] {
  return (original) => ({
    ...original,
    get(this: Self): unknown {
      return get(this, () => original.get?.call(this));
    },
  });
}

/** Puts bugs in place. Returns what takes them out again. */
export function plant(plantings: readonly Planting[]): () => void {
  const originals: [Planting, PropertyDescriptor][] = [];
  const uproot = (): void => {
    for (const [{ prototype, member }, original] of originals.toReversed()) {
      Object.defineProperty(prototype, member, original);
    }
  };
  for (const planting of plantings) {
    const { prototype, member, descriptor } = planting;
    const original = Object.getOwnPropertyDescriptor(prototype, member);
    if (original === undefined) {
      uproot();
      throw new Error(`nothing to plant a bug in: ${member}`);
    }
    originals.push([planting, original]);
    Object.defineProperty(prototype, member, descriptor(original));
  }
  return uproot;
}

/** Runs with the bugs in place, and takes them out again. */
export async function withPlanted<Result>(
  plantings: readonly Planting[],
  run: () => Result | Promise<Result>,
): Promise<Result> {
  const uproot = plant(plantings);
  try {
    return await run();
  } finally {
    uproot();
  }
}
