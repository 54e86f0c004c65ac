// A line for people, at every read: of one instance, of each in a list, and of
// each step of its history, whose data need not have all of it.
const statuses = { A: "active", B: "busy", C: "completed", F: "faulted", P: "passive" };

export default {
  outputHandler({ instance }) {
    const { applicant, amount, currency } = instance.data;
    if (applicant === undefined) return {};
    return {
      data: {
        title: `${applicant.name}, ${amount} ${currency}`,
        status: statuses[instance.status] ?? "unknown",
      },
    };
  },
};
