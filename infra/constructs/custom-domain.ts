import { type RestApi, DomainName, EndpointType, SecurityPolicy } from "aws-cdk-lib/aws-apigateway";
import { Certificate, CertificateValidation } from "aws-cdk-lib/aws-certificatemanager";
import { ARecord, HostedZone, RecordTarget } from "aws-cdk-lib/aws-route53";
import { ApiGatewayDomain } from "aws-cdk-lib/aws-route53-targets";
import { Construct } from "constructs";
import type { HostedZone as HostedZoneSetting } from "../stages/stage.ts";

export interface CustomDomainProps {
  readonly api: RestApi;
  /** The host in `hostedZone`, without a path. */
  readonly url: `https://${string}`;
  readonly hostedZone: HostedZoneSetting;
}

/** The company's domain for the API's stage: certificate, API Gateway domain name and DNS record. */
export class CustomDomain extends Construct {
  constructor(scope: Construct, id: string, { api, url, hostedZone }: CustomDomainProps) {
    super(scope, id);
    const { hostname } = new URL(url);
    const zone = HostedZone.fromHostedZoneAttributes(this, "Zone", {
      hostedZoneId: hostedZone.id,
      zoneName: hostedZone.name,
    });
    const domainName = new DomainName(this, "Name", {
      domainName: hostname,
      certificate: new Certificate(this, "Certificate", {
        domainName: hostname,
        validation: CertificateValidation.fromDns(zone),
      }),
      endpointType: EndpointType.REGIONAL,
      securityPolicy: SecurityPolicy.TLS_1_2,
      mapping: api,
    });
    new ARecord(this, "Record", {
      zone,
      recordName: hostname,
      target: RecordTarget.fromAlias(new ApiGatewayDomain(domainName)),
    });
  }
}
