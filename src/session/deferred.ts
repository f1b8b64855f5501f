/** A promise with its ends, made when somebody asks for it, so that none is rejected unheard. */
export interface Deferred<Result> {
  readonly promise: Promise<Result>;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

export function defer<Result>(): Deferred<Result> {
  let resolve: (result: Result) => void = noop;
  let reject: (error: Error) => void = noop;
  const promise = new Promise<Result>((onResult, onError) => {
    resolve = onResult;
    reject = onError;
  });
  return { promise, resolve, reject };
}

function noop(): void {}
