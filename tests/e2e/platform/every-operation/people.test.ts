import { testEveryOperation } from "./promises.ts";

testEveryOperation("people");
