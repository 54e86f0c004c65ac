// The mapping of extension-user-session: the C# of UserSessionMapping.csx, in
// JavaScript.
export default {
  outputHandler(context) {
    const h = context.headers;
    return {
      key: "user-session-output",
      data: {
        userSession: {
          userId: h["user_reference"],
          deviceId: h["x-device-id"],
          userAgent: h["user-agent"],
          ipAddress: h["x-forwarded-for"] ?? h["x-real-ip"],
        },
      },
    };
  },
};
