/** A promise with its ends, made when somebody asks for it, so that none is rejected unheard. */
export interface Deferred<Result> {
  readonly promise: Promise<Result>;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

export function defer<Result>(): Deferred<Result> {
  const ends = {} as Omit<Deferred<Result>, "promise">;
  const promise = new Promise<Result>((resolve, reject) => {
    Object.assign(ends, { resolve, reject });
  });
  return Object.assign(ends, { promise });
}
