/** Makes ids of epochs, which the scripts use if a topic starts a new one. */
export class Epochs {
  private count = 0;

  /** @param node a random id of this start of the node. */
  constructor(private readonly node: string) {}

  /** Returns an id that no call has used before. */
  next(): string {
    this.count += 1;
    return `${this.node}${this.count.toString(36)}`;
  }
}
