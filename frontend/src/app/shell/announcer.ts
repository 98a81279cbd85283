import { Injectable, signal, untracked } from '@angular/core';

/** Announces a message to screen readers. The shell renders `message` in a polite live region. */
@Injectable({ providedIn: 'root' })
export class Announcer {
  private readonly latest = signal('');
  readonly message = this.latest.asReadonly();
  private again = false;

  say(text: string): void {
    // Screen readers do not repeat an unchanged text node.
    this.again = text === untracked(this.latest).trimEnd() && !this.again;
    this.latest.set(this.again ? `${text} ` : text);
  }
}
