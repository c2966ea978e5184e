// Vercel: a function for Node's server
// expect: 500
export default function handler(req, res) {
  res.status(200).json({ name: "x" });
}
