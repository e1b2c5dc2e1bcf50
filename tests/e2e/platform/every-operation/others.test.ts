import { testEveryOperation } from "./promises.ts";

testEveryOperation("others");
