/** Reports invalid environment variables to the person who starts the server. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(['The Arena cannot start:', ...problems].join('\n  '));
  }
}
