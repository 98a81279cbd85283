/**
 * The parts of a broker that are the same for every server in the network: leases, claims, presence, nodes and requests,
 * over stores that a package writes for its server.
 */
export { Claims, storedClaimOf, type ClaimCall, type ClaimEnd, type ClaimStore, type StoredClaim } from './claims.js';
export {
  ConnectionLostError,
  disposedError,
  fencedError,
  messageOf,
  movedError,
  ServerRefusedError,
} from './errors.js';
export { Leases, type LeaseStore, type TakenLease } from './leases.js';
export {
  NetworkBroker,
  type BrokerLink,
  type BrokerListeners,
  type BrokerPublisher,
  type BrokerReader,
} from './network-broker.js';
export { Nodes, type NodeEvents, type NodeStore } from './nodes.js';
export { newestValue } from './newest-value.js';
export { PendingPublication, type PendingLimits } from './pending-publication.js';
export { Presence, type JoiningMembers, type PresenceStore, type StoredMember, type TopicMember } from './presence.js';
export { Requests, type NodeMessenger } from './requests.js';
export { TopicListeners, type Standing, type TopicChannels, type TopicReceiver } from './topic-listeners.js';
