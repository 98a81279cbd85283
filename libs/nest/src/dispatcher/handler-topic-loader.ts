import { Injectable } from '@nestjs/common';

import type { TopicLoad, TopicLoader } from '../topics/topics.js';

@Injectable()
export class HandlerTopicLoader implements TopicLoader {
  load(): TopicLoad {
    return { type: 'nothing' };
  }
}
