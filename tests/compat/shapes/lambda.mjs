// AWS Lambda: an answer with statusCode
// expect: 500
export const handler = async (event) => {
  return { statusCode: 200, body: JSON.stringify("Hello from Lambda!") };
};
