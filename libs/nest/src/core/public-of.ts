/** The public members of a class. Lets tests pass an object that has none of the private ones. */
export type PublicOf<T> = Pick<T, keyof T>;
