import type { ConnectionStatus } from '@statewire/angular';

type Tone = 'live' | 'polling' | 'broken' | 'waiting';

export interface StatusWords {
  readonly tone: Tone;
  readonly title: string;
  /** One sentence about what this means for the values on the screen. */
  readonly text: string;
}

/** Returns the status of the connection in words, without technical terms. */
export function statusWords(status: ConnectionStatus): StatusWords {
  switch (status.state) {
    case 'live':
      return { tone: 'live', title: 'Live', text: 'Every change arrives the moment it happens.' };
    case 'polling':
      return {
        tone: 'polling',
        title: 'Polling',
        text: 'There is no WebSocket now. The page asks the server every 2 seconds.',
      };
    case 'connecting':
      return { tone: 'waiting', title: 'Connecting', text: 'Waiting for the first answer of the server.' };
    case 'offline':
      return {
        tone: 'broken',
        title: 'Offline',
        text: 'Nothing reaches the server. What you see is the last known state.',
      };
    case 'denied':
      return {
        tone: 'broken',
        title: 'Rejected',
        text: 'The server rejects this page. Reload the page, or try again later.',
      };
    case 'closed':
      return { tone: 'broken', title: 'Closed', text: 'This page closed its connection.' };
    case 'idle':
      return { tone: 'waiting', title: 'Idle', text: 'This page shows nothing live yet.' };
  }
}
