import { afterNextRender, DOCUMENT, inject, Injectable, Injector } from '@angular/core';
import { NavigationEnd, Router } from '@angular/router';

/**
 * Gives the focus a place where the element that had it is gone, as after a change of page: without one the keyboard
 * starts over at the top, and people who listen are not told where they are.
 */
@Injectable({ providedIn: 'root' })
export class FocusKeeper {
  private readonly document = inject(DOCUMENT);

  constructor() {
    const injector = inject(Injector);
    inject(Router).events.subscribe((event) => {
      const isFollowUp = event instanceof NavigationEnd && event.id > 1;
      if (isFollowUp) afterNextRender(() => this.focusPage(), { injector });
    });
  }

  /** Focuses a heading or a control, if nothing else has the focus. */
  offer(element: HTMLElement | null): void {
    if (element === null || this.document.activeElement !== this.document.body) return;
    // What is no control can have the focus with the attribute only.
    if (element.tabIndex < 0) element.tabIndex = -1;
    // Where the page is scrolled to is the choice of the router and of the person.
    element.focus({ preventScroll: true });
  }

  /** The heading of a page that waits for its data comes later; the region around it is there already. */
  private focusPage(): void {
    const main = this.document.querySelector('main');
    this.offer(main?.querySelector('h1') ?? main);
  }
}
