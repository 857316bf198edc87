/**
 * The audit's questions in the languages of AWS, for trails that stay there. Column names as in the CloudTrail table of the
 * Athena User Guide, the CloudTrail Lake schema, and CloudTrail events in a CloudWatch log group.
 */
import { OperatorError } from '../../errors.ts';

export interface TrailQuery {
  readonly service: 'Athena' | 'CloudTrail Lake' | 'CloudWatch Logs Insights';
  readonly question: string;
  readonly query: string;
}

const WHO = 'who makes classical signatures, with which key';
const HOW = 'over which TLS key exchange clients reach KMS';

/** @throws {OperatorError} `query-name`: a name that would be more than a name in a query */
export function trailQueries(names: { readonly table: string; readonly eventDataStore: string }): TrailQuery[] {
  const table = expectName(names.table, '--table');
  const store = expectName(names.eventDataStore, '--event-data-store');
  return [
    { service: 'Athena', question: WHO, query: athenaSigners(table) },
    { service: 'Athena', question: HOW, query: athenaConnections(table) },
    { service: 'CloudTrail Lake', question: WHO, query: lakeSigners(store) },
    { service: 'CloudTrail Lake', question: HOW, query: lakeConnections(store) },
    { service: 'CloudWatch Logs Insights', question: WHO, query: INSIGHTS_SIGNERS },
    { service: 'CloudWatch Logs Insights', question: HOW, query: INSIGHTS_CONNECTIONS },
  ];
}

const athenaSigners = (table: string): string => `SELECT useridentity.arn AS principal,
       json_extract_scalar(requestparameters, '$.signingAlgorithm') AS algorithm,
       json_extract_scalar(requestparameters, '$.messageType') AS message_type,
       resources[1].arn AS key_arn, count(*) AS signatures, max(eventtime) AS last
FROM ${table}
WHERE eventsource = 'kms.amazonaws.com' AND eventname = 'Sign' AND errorcode IS NULL
  AND json_extract_scalar(requestparameters, '$.signingAlgorithm') <> 'ML_DSA_SHAKE_256'
GROUP BY 1, 2, 3, 4 ORDER BY signatures DESC;`;

// The table's tlsdetails needs a field keyexchange: string, which DDL from before event version 1.11 lacks.
const athenaConnections = (table: string): string => `SELECT useridentity.arn AS principal, useragent,
       tlsdetails.keyexchange AS key_exchange, count(*) AS requests
FROM ${table}
WHERE eventsource = 'kms.amazonaws.com' AND tlsdetails.keyexchange IS NOT NULL
  AND tlsdetails.keyexchange NOT LIKE '%MLKEM%'
GROUP BY 1, 2, 3 ORDER BY requests DESC;`;

const lakeSigners = (store: string): string => `SELECT userIdentity.arn AS principal,
       element_at(requestParameters, 'signingAlgorithm') AS algorithm,
       element_at(requestParameters, 'messageType') AS messageType,
       resources[1].arn AS keyArn, count(*) AS signatures, max(eventTime) AS last
FROM ${store}
WHERE eventSource = 'kms.amazonaws.com' AND eventName = 'Sign' AND errorCode IS NULL
  AND element_at(requestParameters, 'signingAlgorithm') <> 'ML_DSA_SHAKE_256'
GROUP BY userIdentity.arn, element_at(requestParameters, 'signingAlgorithm'),
         element_at(requestParameters, 'messageType'), resources[1].arn
ORDER BY signatures DESC`;

const lakeConnections = (store: string): string => `SELECT userIdentity.arn AS principal, userAgent,
       tlsDetails.keyExchange AS keyExchange, count(*) AS requests
FROM ${store}
WHERE eventSource = 'kms.amazonaws.com' AND tlsDetails.keyExchange IS NOT NULL
  AND tlsDetails.keyExchange NOT LIKE '%MLKEM%'
GROUP BY userIdentity.arn, userAgent, tlsDetails.keyExchange
ORDER BY requests DESC`;

const INSIGHTS_SIGNERS = `filter eventSource = "kms.amazonaws.com" and eventName = "Sign" and not ispresent(errorCode)
| filter requestParameters.signingAlgorithm != "ML_DSA_SHAKE_256"
| stats count(*) as signatures, latest(eventTime) as last
    by userIdentity.arn, requestParameters.signingAlgorithm, requestParameters.messageType, resources.0.ARN
| sort signatures desc`;

const INSIGHTS_CONNECTIONS = `filter eventSource = "kms.amazonaws.com" and ispresent(tlsDetails.keyExchange)
| filter tlsDetails.keyExchange not like /MLKEM/
| stats count(*) as requests by userIdentity.arn, userAgent, tlsDetails.keyExchange
| sort requests desc`;

function expectName(name: string, option: string): string {
  if (/^[A-Za-z_][\w.-]{0,200}$|^[0-9a-f-]{36}$/.test(name)) return name;
  throw new OperatorError(
    'query-name',
    `${option}: expected letters, digits, _ - and ., got ${JSON.stringify(name.slice(0, 40))}`,
  );
}
