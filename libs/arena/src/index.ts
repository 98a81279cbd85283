export {
  chooseRoom,
  dismissNotification,
  pauseBattle,
  pickReward,
  resumeBattle,
  setBattleSpeed,
  startRun,
  type BattleCommand,
  type BattleProgress,
  type ChooseRoom,
  type DismissNotification,
  type PickReward,
  type RunProgress,
  type SetBattleSpeed,
} from './actions.js';
export type { ArenaState } from './arena-state.js';
export {
  BATTLE_SPEEDS,
  TICK_LENGTH,
  battle,
  spectators,
  type BattleSnapshot,
  type BattleSpeed,
  type BattleStatus,
  type Hit,
  type LogEntry,
  type Spectator,
} from './battle.js';
export type { ChaosState, ChaosWebSocket } from './chaos.js';
export type { Combatant, Dot, Foe, FoeRank, Hot, Passive } from './combatant.js';
export { DAMAGE_TYPES, type DamageType } from './damage-type.js';
export { lobby, type Lobby, type LobbyBattle, type LobbyRun } from './lobby.js';
export { notifications, type Notification, type NotificationEvent, type NotificationKind } from './notification.js';
export type { Card, CardOffer, Offer, Relic, RelicOffer, RestOffer } from './offer.js';
export {
  run,
  type PartyMember,
  type Room,
  type RoomKind,
  type RunPhase,
  type RunPlayer,
  type RunSnapshot,
} from './run.js';
export type { NewSession, Session } from './session.js';
