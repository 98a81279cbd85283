/** What was found to be wrong with a history. Collected, because what is thrown into the code under test may be caught there. */
export class Verdict {
  readonly complaints: string[] = [];

  complain(complaint: string): void {
    this.complaints.push(complaint);
  }

  /** Complains unless it holds. @returns whether it does. */
  demand(holds: boolean, complaint: () => string): boolean {
    if (!holds) this.complain(complaint());
    return holds;
  }
}
