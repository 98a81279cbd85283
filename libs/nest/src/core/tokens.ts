/** `ResolvedRealtimeOptions`: the module's options with every default filled in. */
export const REALTIME_OPTIONS = Symbol('statewire:options');
/** `Topics` */
export const TOPICS = Symbol('statewire:topics');
/** `Broker` */
export const BROKER = Symbol('statewire:broker');
/** `Dispatcher` */
export const DISPATCHER = Symbol('statewire:dispatcher');
/** `Admission` */
export const ADMISSION = Symbol('statewire:admission');
/** `DrainState` */
export const DRAIN_STATE = Symbol('statewire:drain-state');
/** `Environment` */
export const ENVIRONMENT = Symbol('statewire:environment');
/** `RealtimeSwitch` */
export const REALTIME_SWITCH = Symbol('statewire:switch');
/** `TopicLoader`: what `Topics` brings topics to life with. */
export const TOPIC_LOADER = Symbol('statewire:topic-loader');
/** `RealtimeLog`: at most one line a second for each event and reason. */
export const REALTIME_LOG = Symbol('statewire:log');
/** `Attendance`: who follows topics. */
export const ATTENDANCE = Symbol('statewire:attendance');
/** `Revocations` */
export const REVOCATIONS = Symbol('statewire:revocations');
