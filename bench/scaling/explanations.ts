/**
 * Why a curve bends upwards, by curve and series, `*` for all of its series. A bend that has no
 * explanation here is reported as such.
 */
export const explanations: Readonly<Record<string, Readonly<Record<string, string>>>> = {};
