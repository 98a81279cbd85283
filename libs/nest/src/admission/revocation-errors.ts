import { RealtimeError } from '../core/errors.js';

/** What is said to those whose permission was taken back. */
export function revokedError(): RealtimeError {
  return new RealtimeError('unauthorized', 'The permission to connect was taken back.');
}

/** What is said to credentials of which nobody can tell any more whether they were revoked while they were verified. */
export function forgottenError(): RealtimeError {
  return new RealtimeError('timeout', 'It took too long to verify the credentials: present them again.');
}
