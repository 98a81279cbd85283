import { Injectable, signal, untracked } from '@angular/core';

/** Says something to people who listen to the page. The shell renders `message` in a polite live region. */
@Injectable({ providedIn: 'root' })
export class Announcer {
  private readonly latest = signal('');
  readonly message = this.latest.asReadonly();
  private again = false;

  say(text: string): void {
    // The same words twice are an unchanged text node, which no screen reader would repeat.
    this.again = text === untracked(this.latest).trimEnd() && !this.again;
    this.latest.set(this.again ? `${text} ` : text);
  }
}
