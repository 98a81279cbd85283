/** Collects the faults of a history. It does not throw, because the code under test may catch the error. */
export class Verdict {
  readonly complaints: string[] = [];

  complain(complaint: string): void {
    this.complaints.push(complaint);
  }

  /** Records a fault unless the condition holds. @returns whether it holds. */
  demand(holds: boolean, complaint: () => string): boolean {
    if (!holds) this.complain(complaint());
    return holds;
  }
}
