/** XXH32 of an array of byte values. */
export declare function xxh32(bytes: readonly number[], seed: number): number;

/** Decodes one body to the fields of spec/vectors/frames.json; throws where it cannot. */
export declare function decode(hex: string, sessionId: string): object;
