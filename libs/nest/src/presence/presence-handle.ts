/** That one client follows one topic, over one transport. Only the first of these calls counts. */
export interface PresenceHandle {
  /** The transport ended, and the client may be on its way back: it counts until the grace is over. */
  leave(): void;
  /** The client follows the topic no longer, over whatever transport. */
  end(): void;
}
