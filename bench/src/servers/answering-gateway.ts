import { UseGuards, UseInterceptors } from '@nestjs/common';
import { MessageBody, SubscribeMessage } from '@nestjs/websockets';

import { AllowGuard, PassInterceptor, PassPipe } from './enhancers.js';

/** A message of a client that wants an answer. */
interface Question {
  readonly id: string;
}

interface Answer {
  readonly event: 'answer';
  readonly id: string;
  readonly data: { readonly value: number };
}

/** The handlers of the action scenario, which both gateways of Nest have. */
export abstract class AnsweringGateway {
  @SubscribeMessage('plain')
  plain(@MessageBody() { id }: Question): Answer {
    return { event: 'answer', id, data: { value: 1 } };
  }

  @UseGuards(AllowGuard)
  @SubscribeMessage('guard')
  guarded(@MessageBody() { id }: Question): Answer {
    return { event: 'answer', id, data: { value: 1 } };
  }

  @SubscribeMessage('pipe')
  piped(@MessageBody(PassPipe) { id }: Question): Answer {
    return { event: 'answer', id, data: { value: 1 } };
  }

  @UseInterceptors(PassInterceptor)
  @SubscribeMessage('interceptor')
  intercepted(@MessageBody() { id }: Question): Answer {
    return { event: 'answer', id, data: { value: 1 } };
  }
}
