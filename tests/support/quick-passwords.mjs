// Loaded into every function of the suite's assembly before its own code: argon2id with little memory in place of today's
// parameters, which would take a fifth of the suite's CPU time. The kept PHC strings name today's parameters all the same,
// and hashes with other parameters are made and verified as they are. tests/unit/identity/passwords.test.ts tests the real ones.
import crypto from "node:crypto";

const { argon2 } = crypto;
const today = { memory: 19_456, passes: 2 };
const quick = { memory: 8, passes: 1 };

crypto.argon2 = (algorithm, parameters, callback) => {
  const isToday = parameters.memory === today.memory && parameters.passes === today.passes;
  argon2(algorithm, isToday ? { ...parameters, ...quick } : parameters, callback);
};
