import { Component } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { provideRouter, Router, RouterLink, RouterOutlet } from '@angular/router';
import { beforeEach, describe, expect, test } from '@jest/globals';

import { FocusKeeper } from './focus-keeper';

@Component({
  imports: [RouterLink],
  template: `<h1>One</h1>
    <a routerLink="/two">On</a>`,
})
class One {}

@Component({ template: `<h1>Two</h1>` })
class Two {}

@Component({ template: `<p>Waiting for its data</p>` })
class Waiting {}

@Component({
  imports: [RouterOutlet],
  template: `<button type="button">Theme</button>
    <main tabindex="-1"><router-outlet /></main>`,
})
class Shell {}

describe('FocusKeeper', () => {
  let shell: HTMLElement;

  beforeEach(async () => {
    const routes = [
      { path: '', component: One },
      { path: 'two', component: Two },
      { path: 'waiting', component: Waiting },
    ];
    TestBed.configureTestingModule({ providers: [provideRouter(routes)] });
    TestBed.inject(FocusKeeper);
    const fixture = TestBed.createComponent(Shell);
    fixture.autoDetectChanges();
    shell = fixture.nativeElement as HTMLElement;
    await go('/');
  });

  async function go(url: string): Promise<void> {
    await TestBed.inject(Router).navigateByUrl(url);
    TestBed.tick();
  }

  test('does not move the focus on the first page', () => {
    expect(shell.querySelector('h1')?.textContent).toBe('One');
    expect(document.activeElement).toBe(document.body);
  });

  test('focuses the heading of the next page when the link to it is gone', async () => {
    shell.querySelector('a')?.focus();
    await go('/two');
    expect(document.activeElement?.outerHTML).toBe('<h1 tabindex="-1">Two</h1>');
  });

  test('focuses the region of the page while it has no heading', async () => {
    shell.querySelector('a')?.focus();
    await go('/waiting');
    expect(document.activeElement).toBe(shell.querySelector('main'));
  });

  test('never takes the focus from an element that still exists', async () => {
    shell.querySelector('button')?.focus();
    await go('/two');
    expect(document.activeElement).toBe(shell.querySelector('button'));
  });
});
