/** Options of a deployment. The container of the client writes them to `config.json`. */
export interface PageConfig {
  /** `false` makes the client poll without a WebSocket. */
  readonly WEBSOCKET_ENABLED: boolean;
}

const DEFAULTS: PageConfig = { WEBSOCKET_ENABLED: true };

/** Reads `config.json`. Returns the defaults if the file is missing or invalid. */
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
