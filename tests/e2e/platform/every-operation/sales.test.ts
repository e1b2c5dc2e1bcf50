import { testEveryOperation } from "./promises.ts";

testEveryOperation("sales");
