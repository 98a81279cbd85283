import { afterNextRender, DOCUMENT, inject, Injectable, Injector } from '@angular/core';
import { NavigationEnd, Router } from '@angular/router';

/**
 * Moves the focus when the element that had it is gone, as after a change of page. Otherwise the keyboard starts over at
 * the top, and screen readers do not tell where the user is.
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
    // A heading can have the focus only with this attribute.
    if (element.tabIndex < 0) element.tabIndex = -1;
    // The router and the user decide about the scroll position.
    element.focus({ preventScroll: true });
  }

  /** Focuses the region of the page, because its heading appears only with its data. */
  private focusPage(): void {
    const main = this.document.querySelector('main');
    this.offer(main?.querySelector('h1') ?? main);
  }
}
