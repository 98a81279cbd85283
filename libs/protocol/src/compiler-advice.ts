/** A type that no value has. The compiler prints `Advice` where a value of another type is expected. */
export interface CompilerAdvice<Advice extends string> {
  /** Never present. */
  readonly __advice: Advice;
}
