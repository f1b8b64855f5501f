/**
 * What a field holds until its first value, where that grows without a bound. V8 keeps whole numbers
 * below 2^31 in another way than the rest, by field and for all objects of a class: the first one
 * beyond it changes them, and throws away all code that was compiled for them. So a session had half
 * its rate for two seconds after 2 GiB. Where a fraction was first, numbers are kept as doubles from
 * the beginning, for 16 bytes of memory each. A constructor gives each such field its value.
 */
export const WIDE = 0.5;
