import { memoryStore } from '../../src/store/memory-store.js';
import { accountStoreContract, contractClock } from '../contract/account-store.js';

accountStoreContract('memoryStore', () => Promise.resolve(memoryStore(contractClock)));
