import { provideZonelessChangeDetection, type Type } from '@angular/core';
import { TestBed, type ComponentFixture } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { provideRealtimeTesting, RealtimeTestingController } from '@statewire/angular/testing';

/** A rendered component on a fake server. */
export class Rendered<T> {
  constructor(
    readonly fixture: ComponentFixture<T>,
    readonly server: RealtimeTestingController,
  ) {}

  get element(): HTMLElement {
    return this.fixture.nativeElement as HTMLElement;
  }

  /** Returns the text of all elements with spaces between them. */
  get text(): string {
    const walker = document.createTreeWalker(this.element, NodeFilter.SHOW_TEXT);
    const texts: string[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode.textContent ?? '');
    return texts.join(' ').replaceAll(/\s+/g, ' ').trim();
  }

  /** @throws Error if there is no such button, or more than one. */
  button(name: string | RegExp): HTMLButtonElement {
    const found = this.buttons(name);
    const [button] = found;
    if (button === undefined || found.length > 1) {
      throw new Error(`Expected one button "${String(name)}", found ${found.length}: ${this.element.innerHTML}`);
    }
    return button;
  }

  buttons(name: string | RegExp): HTMLButtonElement[] {
    return buttonsOf(this.element, name);
  }

  /** Waits until the page shows the effect of responses and answers. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    await this.fixture.whenStable();
  }

  async click(name: string | RegExp): Promise<void> {
    this.button(name).click();
    await this.settle();
  }
}

/** Returns the buttons of that name below an element. */
export function buttonsOf(element: HTMLElement, name: string | RegExp): HTMLButtonElement[] {
  return [...element.querySelectorAll('button')].filter((button) => {
    const label = (button.getAttribute('aria-label') ?? button.textContent).replaceAll(/\s+/g, ' ').trim();
    return typeof name === 'string' ? label === name : name.test(label);
  });
}

export function provideArenaTesting(): void {
  TestBed.configureTestingModule({
    providers: [provideZonelessChangeDetection(), provideRouter([]), provideRealtimeTesting()],
  });
}

export async function render<T>(
  component: Type<T>,
  inputs: Readonly<Record<string, unknown>> = {},
): Promise<Rendered<T>> {
  const fixture = TestBed.createComponent(component);
  for (const [name, value] of Object.entries(inputs)) fixture.componentRef.setInput(name, value);
  await fixture.whenStable();
  return new Rendered(fixture, TestBed.inject(RealtimeTestingController));
}
