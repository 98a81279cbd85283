import { eventTopic, presenceTopic } from '@statewire/protocol';

export interface Message {
  readonly from: string;
  readonly text: string;
}

export const room = eventTopic<Message>()('rooms/:roomId');
export const people = presenceTopic<{ readonly name: string }>()(room);
