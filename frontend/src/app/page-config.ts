/** What the place of deployment decides; the container of the client writes it to `config.json`. */
export interface PageConfig {
  /** `false`: this client polls and opens no WebSocket. */
  readonly WEBSOCKET_ENABLED: boolean;
}

const DEFAULTS: PageConfig = { WEBSOCKET_ENABLED: true };

/** A page without the file, or with one that cannot be read, starts with the defaults. */
export async function loadPageConfig(): Promise<PageConfig> {
  try {
    const response = await fetch('/config.json', { cache: 'no-cache' });
    if (!response.ok) return DEFAULTS;
    const { WEBSOCKET_ENABLED } = (await response.json()) as { readonly WEBSOCKET_ENABLED?: unknown };
    return { WEBSOCKET_ENABLED: WEBSOCKET_ENABLED !== false && WEBSOCKET_ENABLED !== 'false' };
  } catch {
    return DEFAULTS;
  }
}
