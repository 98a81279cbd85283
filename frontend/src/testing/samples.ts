import type {
  BattleSnapshot,
  CardOffer,
  Combatant,
  Foe,
  Lobby,
  Notification,
  Room,
  RunSnapshot,
  Session,
} from '@statewire/arena';

/** Values of the contract for tests. Each test sets only the properties that it needs. */
export function combatant(overrides: Partial<Combatant> = {}): Combatant {
  return {
    id: 'party-1',
    name: 'Petra',
    kind: 'knight',
    hp: 80,
    max_hp: 100,
    atk: 20,
    defense: 10,
    crit_rate: 15,
    crit_damage: 150,
    dodge_odds: 5,
    damage_type: 'Ice',
    regain: 1,
    vitality: 100,
    action_points: 1,
    max_action_points: 3,
    readyAt: 20,
    cadence: 20,
    passives: [],
    dots: [],
    hots: [],
    damage_dealt: 40,
    damage_taken: 20,
    healing_done: 0,
    kills: 0,
    ...overrides,
  };
}

export function foe(overrides: Partial<Foe> = {}): Foe {
  return {
    ...combatant({ id: 'foe-1', name: 'Ghoul', kind: 'ghoul', damage_type: 'Dark' }),
    rank: 'normal',
    ...overrides,
  };
}

export function battleSnapshot(overrides: Partial<BattleSnapshot> = {}): BattleSnapshot {
  return {
    battleId: 'b1',
    runId: 'r1',
    roomId: 'room-1',
    title: 'Salt mines',
    playerName: 'Ada',
    status: 'running',
    tick: 10,
    speed: 1,
    party: [combatant()],
    foes: [foe()],
    log: [],
    hits: [],
    ...overrides,
  };
}

export function room(overrides: Partial<Room> = {}): Room {
  return { id: 'a', kind: 'battle', name: 'Salt mines', depth: 0, x: 0, y: 50, next: [], visited: false, ...overrides };
}

export function cardOffer(overrides: Partial<CardOffer> = {}): CardOffer {
  return {
    id: 'offer-1',
    kind: 'card',
    price: 0,
    card: { id: 'headsman', name: 'Headsman', text: '+5 attack', rarity: 'epic', member: 'Petra' },
    ...overrides,
  };
}

const ADA = { playerId: 'p1', name: 'Ada', house: false } as const;

export const SESSION: Session = { playerId: 'p1', name: 'Ada', token: 'token-1', expiresAt: Number.MAX_SAFE_INTEGER };

export function runSnapshot(overrides: Partial<RunSnapshot> = {}): RunSnapshot {
  return {
    runId: 'r1',
    player: ADA,
    startedAt: 0,
    finishedAt: null,
    outcome: null,
    phase: 'choosing',
    rooms: [
      room({ id: 'a', visited: true, next: ['b', 'c'] }),
      room({ id: 'b', name: 'Old watchtower', depth: 1, x: 50, y: 0, next: ['d'] }),
      room({ id: 'c', name: 'Mossy hollow', kind: 'rest', depth: 1, x: 50, y: 100, next: ['d'] }),
      room({ id: 'd', name: 'Throne', kind: 'boss', depth: 2, x: 100, y: 50 }),
    ],
    currentRoomId: 'a',
    choices: ['b', 'c'],
    battleId: null,
    offers: [],
    gold: 40,
    deck: [],
    relics: [],
    party: [combatant()],
    ...overrides,
  };
}

export function lobbyState(overrides: Partial<Lobby> = {}): Lobby {
  return {
    battles: [
      {
        battleId: 'b1',
        runId: 'r1',
        title: 'Salt mines',
        player: ADA,
        room: 'battle',
        status: 'running',
        partyHealth: 80,
        foesHealth: 70,
      },
    ],
    runs: [
      {
        runId: 'r1',
        player: ADA,
        phase: 'in-battle',
        outcome: null,
        battleId: 'b1',
        roomsVisited: 1,
        roomsInAll: 6,
        gold: 40,
      },
    ],
    ...overrides,
  };
}

export function notification(overrides: Partial<Notification> = {}): Notification {
  return { id: 'n1', kind: 'loot', title: 'Loot', text: '24 gold.', at: 1_000, runId: 'r1', ...overrides };
}
