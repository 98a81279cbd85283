/** The environment asks for something that cannot be. The message is for whoever starts the server. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(['The Arena cannot start:', ...problems].join('\n  '));
  }
}
