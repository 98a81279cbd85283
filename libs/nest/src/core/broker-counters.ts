import type { BrokerErrorCode } from './broker.js';

/** The end of a publication: `conflated` if a newer value took its place while it waited for the server. */
export type PublicationOutcome = 'stored' | 'conflated' | BrokerErrorCode;

/** The end of a request to the holder of a lease. */
export type RequestOutcome = 'answered' | 'no_holder' | BrokerErrorCode;

/** A change of a lease of this node. */
export type LeaseEvent = 'gained' | 'released' | 'lost';

/** Counts what a broker does on this node. The node itself counts the times that the broker is out of reach. */
export interface BrokerCounters {
  /** A publication of this node ended. */
  publication(outcome: PublicationOutcome): void;
  /** The server needed the value, because a delta did not begin at its newest publication. */
  deltaRefused(): void;
  /** This node read a topic. */
  read(): void;
  /** The broker compared the positions of topics with listeners with those of the server. */
  swept(topics: number): void;
  /** Listeners learned from a comparison that their topic stands elsewhere. */
  moved(): void;
  /** A request of this node ended. */
  request(outcome: RequestOutcome): void;
  /** This node gained, released or lost a lease. */
  lease(event: LeaseEvent): void;
}
