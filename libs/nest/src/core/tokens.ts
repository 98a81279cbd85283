/** `ResolvedRealtimeOptions`: the module's options with every default filled in. */
export const REALTIME_OPTIONS = Symbol('statewire:options');
/** `Topics` */
export const TOPICS = Symbol('statewire:topics');
/** `Broker` */
export const BROKER = Symbol('statewire:broker');
/** `Admission` */
export const ADMISSION = Symbol('statewire:admission');
/** `Environment` */
export const ENVIRONMENT = Symbol('statewire:environment');
/** `TopicLoader`: loads the first value of topics. */
export const TOPIC_LOADER = Symbol('statewire:topic-loader');
/** `RealtimeLog`: at most one line a second for each event and reason. */
export const REALTIME_LOG = Symbol('statewire:log');
