import { DOCUMENT, inject, InjectionToken, NgZone } from '@angular/core';

import { optionsFeature, type RealtimeFeature } from './realtime-feature.js';

/** Options of `withContract()`. */
export interface RealtimeContractOptions {
  /**
   * `true` reloads the page as soon as the server says that the page is outdated, and at most once for each pair of
   * versions in one tab. The page stays as it is if the browser has no session storage. Default false.
   */
  readonly reload?: boolean;
  /** Called once when the page is outdated, instead of a reload or before it. It runs inside the Angular zone. */
  readonly onOutdated?: (minContract: number) => void;
}

/** The part of the window that a reload needs. */
interface ReloadablePage {
  readonly location: { reload(): void };
  /** Reading it throws if the browser forbids storage. */
  readonly sessionStorage: Pick<Storage, 'getItem' | 'setItem'>;
}

/** The window of the page; null where there is none. */
export const PAGE = new InjectionToken<ReloadablePage | null>('PAGE', {
  providedIn: 'root',
  factory: () => inject(DOCUMENT).defaultView,
});

/** Start of the names in the session storage. One name for each pair of versions that reloaded the page. */
const RELOADED = 'statewire-reloaded';

/**
 * Tells the server the version of the contract that the page was built with, an integer from 1. If the server supports
 * only newer versions (its option `minContract`), `RealtimeService.status().outdated` is true.
 *
 * @example provideRealtime(withContract(3, { reload: true }))
 */
export function withContract(
  version: number,
  { reload = false, onOutdated }: RealtimeContractOptions = {},
): RealtimeFeature<'contract'> {
  return optionsFeature('contract', () => {
    const zone = inject(NgZone);
    const page = inject(PAGE);
    return {
      contractVersion: version,
      onOutdated: (minContract) =>
        zone.run(() => {
          onOutdated?.(minContract);
          if (reload && page && isFirstReload(page, `${version} ${minContract}`)) page.location.reload();
        }),
    };
  });
}

/** Remembers the reload before it happens, so that a page that stays old does not reload for ever. */
function isFirstReload(page: ReloadablePage, versions: string): boolean {
  try {
    const { sessionStorage } = page;
    const name = `${RELOADED} ${versions}`;
    if (sessionStorage.getItem(name) !== null) return false;
    sessionStorage.setItem(name, '1');
    return sessionStorage.getItem(name) !== null;
  } catch {
    return false;
  }
}
