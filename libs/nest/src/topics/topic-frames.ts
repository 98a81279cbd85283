import type { Position, TopicKind } from '@statewire/protocol';

import { echoOf } from '../core/errors.js';
import { FRAME_KINDS } from '../core/counters.js';
import type { EncodedFrame } from '../delivery/encoded-frame.js';
import { encodeFrame, encodeText } from '../delivery/frame-encoder.js';

/** The frames of one topic. Values go in as the JSON text they already are. */
export class TopicFrames {
  private readonly topic: string;

  constructor(
    private readonly name: string,
    private readonly kind: TopicKind,
  ) {
    this.topic = JSON.stringify(name);
  }

  subscribed({ epoch, offset }: Position, recovered: boolean, ref?: string): EncodedFrame {
    const { name: topic, kind } = this;
    return encodeFrame({
      type: 'subscribed',
      topic,
      kind,
      epoch,
      offset,
      recovered,
      ...echoOf({ ref }),
    });
  }

  snapshot({ epoch, offset }: Position, data: string, time: number): EncodedFrame {
    return encodeText(
      `{"type":"snapshot","topic":${this.topic},"epoch":"${epoch}","offset":${offset},"data":${data},"time":${time}}`,
      FRAME_KINDS.snapshot,
    );
  }

  /** Turns the value at `offset - 1` into the one at `offset`. */
  patch(offset: number, delta: string, time: number): EncodedFrame {
    return encodeText(
      `{"type":"patch","topic":${this.topic},"from":${offset - 1},"offset":${offset},"delta":${delta},"time":${time}}`,
      FRAME_KINDS.patch,
    );
  }

  event(offset: number, data: string, time: number): EncodedFrame {
    return encodeText(
      `{"type":"event","topic":${this.topic},"offset":${offset},"data":${data},"time":${time}}`,
      FRAME_KINDS.event,
    );
  }
}
