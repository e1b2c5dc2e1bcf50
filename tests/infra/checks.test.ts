import { acceptedChecks, checkovComplaints } from "../../infra/checks/checkov.ts";
import { bundleLimitBytes, oversized, sizeTable } from "../../infra/checks/bundles.ts";
import { acknowledgementsOf, complaintsOf, findingsOf, resourceLimit } from "../../infra/checks/report.ts";

const clean = { report: { pluginReports: [] }, resourceCounts: { Api: 10 }, acknowledgements: [] };

const violation = {
  ruleName: "F3012",
  description: "Property has the wrong type",
  severity: "warning",
  violatingConstructs: [{ constructPath: "Portico-prod-Api/Gateway/Api" }],
};

describe("the gate of templates", () => {
  test("passes an assembly without findings", () => {
    expect(complaintsOf(clean)).toEqual([]);
  });

  test.each([["fatal"], ["error"], ["warning"], ["info"]])("fails on a finding of severity %s", (severity) => {
    const report = {
      pluginReports: [
        { pluginName: "CloudFormation Validate", conclusion: "success", violations: [{ ...violation, severity }] },
      ],
    };
    expect(complaintsOf({ ...clean, report })).toEqual([
      `${severity}: F3012 (CloudFormation Validate) at Portico-prod-Api/Gateway/Api: Property has the wrong type`,
    ]);
  });

  test("fails on a plugin that failed without a finding", () => {
    const report = { pluginReports: [{ pluginName: "AwsSolutions", conclusion: "failure", violations: [] }] };
    expect(complaintsOf({ ...clean, report })).toHaveLength(1);
  });

  test.each([[undefined], [null], [{}], [{ pluginReports: {} }]])("fails on the unreadable report %j", (report) => {
    expect(() => findingsOf(report)).toThrow(/plugin reports/);
  });

  test("fails on a stack at the resource limit and passes a smaller one", () => {
    const counts = (count: number) => complaintsOf({ ...clean, resourceCounts: { Api: count } });
    expect(counts(resourceLimit)).toEqual(["Api has 495 resources; fewer than 495 are allowed"]);
    expect(counts(resourceLimit - 1)).toEqual([]);
  });

  test("fails on an acknowledgement without a reason", () => {
    const acknowledgements = [{ place: "Portico-prod-Api/Role", rule: "AwsSolutions-IAM5", reason: "ok" }];
    expect(complaintsOf({ ...clean, acknowledgements })).toHaveLength(1);
  });

  test("reads the acknowledgements that CDK writes next to a template", () => {
    const metadata = {
      "/Stack/Role": [
        { type: "aws:cdk:logicalId", data: "Role" },
        { type: "aws:cdk:acknowledged-rules", data: { "Annotation::AwsSolutions-IAM5[Resource::*]": "because" } },
      ],
    };
    expect(acknowledgementsOf(metadata)).toEqual([
      { place: "Stack/Role", rule: "AwsSolutions-IAM5[Resource::*]", reason: "because" },
    ]);
  });
});

describe("the gate of bundle sizes", () => {
  const atLimit = { entryPoint: "partners/register", bytes: bundleLimitBytes };
  const overLimit = { entryPoint: "partners/change", bytes: bundleLimitBytes + 1 };

  test("allows up to 450 KB", () => {
    expect(oversized([atLimit, overLimit])).toEqual([overLimit]);
  });

  test("names the bundles that are too large in its table", () => {
    const lines = sizeTable([atLimit, overLimit]).split("\n");
    expect(lines.filter((line) => line.endsWith("too large"))).toEqual([expect.stringContaining("partners/change")]);
  });
});

describe("checkov", () => {
  const report = (...ids: readonly string[]): string =>
    JSON.stringify({
      results: { failed_checks: ids.map((id) => ({ check_id: id, check_name: "Ensure it", resource: "R" })) },
    });
  const accepted = Object.keys(acceptedChecks);

  test("passes what is accepted with a reason worth reading", () => {
    for (const reason of Object.values(acceptedChecks)) expect(reason.length).toBeGreaterThan(20);
    expect(checkovComplaints(report(...accepted))).toEqual([]);
  });

  test("fails on a new finding, and on an acceptance that nothing needs any more", () => {
    expect(checkovComplaints(`[${report("CKV_AWS_999", ...accepted)}]`)).toEqual([
      "error: CKV_AWS_999 (checkov) at R: Ensure it",
    ]);
    expect(checkovComplaints(report(...accepted.slice(1)))).toEqual([
      expect.stringMatching(/^error: CKV_AWS_33 \(checkov\) is accepted .* nothing has it any more$/),
    ]);
  });

  test("that has looked at nothing is no pass", () => {
    expect(() => checkovComplaints('{"passed": 0, "failed": 0}')).toThrow(/has not read the templates/);
  });
});
