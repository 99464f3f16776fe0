namespace ResNet.Core.Tests.Weights.OtherWriters;

/// <summary>
/// What training scripts save beside the weights: <c>base64.b64encode(pickle.dumps(value, protocol))</c> of Python 3.11 and NumPy 1.24.
/// Classes of programs have the names of modules that these tests do not need: <c>train.phases</c>, <c>omegaconf</c>, <c>tools</c>.
/// </summary>
internal static class PythonObjects
{
    /// <summary>A description, the protocol and the pickle.</summary>
    internal static TheoryData<string, int, string> All => new()
    {
        {
            "an enum", 4,
            "gASVPQAAAAAAAACMCGJ1aWx0aW5zlIwHZ2V0YXR0cpSTlIwMdHJhaW4ucGhhc2VzlIwFUGhhc2WUk5SMBVRSQUlOlIaUUpQu"
        },
        {
            "an enum as a key", 3,
            "gAN9cQBjYnVpbHRpbnMKZ2V0YXR0cgpxAWN0cmFpbi5waGFzZXMKUGhhc2UKcQJYBQAAAFRSQUlOcQOGcQRScQVdcQYoSwFLAmVzLg=="
        },
        {
            "a Counter", 2,
            "gAJjY29sbGVjdGlvbnMKQ291bnRlcgpxAH1xAShYAQAAAGFxAksCWAEAAABicQNLAXWFcQRScQUu"
        },
        {
            "a defaultdict of lists", 5,
            "gAWVSwAAAAAAAACMC2NvbGxlY3Rpb25zlIwLZGVmYXVsdGRpY3SUk5SMCGJ1aWx0aW5zlIwEbGlzdJSTlIWUUpSMBGxvc3OUXZRHP+AAAAAAAABh"
            + "cy4="
        },
        {
            "a deque", 4,
            "gASVJgAAAAAAAACMC2NvbGxlY3Rpb25zlIwFZGVxdWWUk5QpSwOGlFKUKEsBSwJlLg=="
        },
        {
            "a Namespace", 3,
            "gANjYXJncGFyc2UKTmFtZXNwYWNlCnEAKYFxAX1xAihYAgAAAGxycQNHP7mZmZmZmZpYBAAAAGRhdGFxBGNwYXRobGliClB1cmVQb3NpeFBhdGgK"
            + "cQVYAQAAAC9xBmgEhnEHUnEIdWIu"
        },
        {
            "a Windows path", 2,
            "gAJjcGF0aGxpYgpQdXJlV2luZG93c1BhdGgKcQBYAwAAAEM6XHEBWAQAAABydW5zcQKGcQNScQQu"
        },
        {
            "a date", 5,
            "gAWVVwAAAAAAAACMCGRhdGV0aW1llIwIZGF0ZXRpbWWUk5RDCgfoBQEMHgAAAACUaACMCHRpbWV6b25llJOUaACMCXRpbWVkZWx0YZSTlEsASwBL"
            + "AIeUUpSFlFKUhpRSlC4="
        },
        {
            "a time span", 4,
            "gASVJQAAAAAAAACMCGRhdGV0aW1llIwJdGltZWRlbHRhlJOUSwBNMCpLAIeUUpQu"
        },
        {
            "a partial function", 3,
            "gANjZnVuY3Rvb2xzCnBhcnRpYWwKcQBjYnVpbHRpbnMKcm91bmQKcQGFcQJScQMoaAEpfXEEWAcAAABuZGlnaXRzcQVLAnNOdHEGYi4="
        },
        {
            "sets", 2,
            "gAJjX19idWlsdGluX18Kc2V0CnEAXXEBKEsBSwJlhXECUnEDY19fYnVpbHRpbl9fCmZyb3plbnNldApxBF1xBShYAQAAAGJxBlgBAAAAYXEHZYVx"
            + "CFJxCWgAXXEKhXELUnEMh3ENLg=="
        },
        {
            "a complex number", 5,
            "gAWVLgAAAAAAAACMCGJ1aWx0aW5zlIwHY29tcGxleJSTlEc/8AAAAAAAAEdAAAAAAAAAAIaUUpQu"
        },
        {
            "numpy array", 4,
            "gASVogAAAAAAAACMFW51bXB5LmNvcmUubXVsdGlhcnJheZSMDF9yZWNvbnN0cnVjdJSTlIwFbnVtcHmUjAduZGFycmF5lJOUSwCFlEMBYpSHlFKU"
            + "KEsBSwJLA4aUaAOMBWR0eXBllJOUjAJmNJSJiIeUUpQoSwOMATyUTk5OSv////9K/////0sAdJRiiUMYAAAAAAAAgD8AAABAAABAQAAAgEAAAKBA"
            + "lHSUYi4="
        },
        {
            "numpy scalar", 3,
            "gANjbnVtcHkuY29yZS5tdWx0aWFycmF5CnNjYWxhcgpxAGNudW1weQpkdHlwZQpxAVgCAAAAZjhxAomIh3EDUnEEKEsDWAEAAAA8cQVOTk5K////"
            + "/0r/////SwB0cQZiQwjNzMzMzMzsP3EHhnEIUnEJLg=="
        },
        {
            "numpy dtype", 2,
            "gAJjbnVtcHkKZHR5cGUKcQBYAgAAAGk4cQGJiIdxAlJxAyhLA1gBAAAAPHEETk5OSv////9K/////0sAdHEFYi4="
        },
        {
            "numpy random state", 5,
            "gAWVmQAAAAAAAAAojAdNVDE5OTM3lIwSbnVtcHkuY29yZS5udW1lcmljlIwLX2Zyb21idWZmZXKUk5QolgwAAAAAAAAAAAAAAAEAAAACAAAAlIwF"
            + "bnVtcHmUjAVkdHlwZZSTlIwCdTSUiYiHlFKUKEsDjAE8lE5OTkr/////Sv////9LAHSUYksDhZSMAUOUdJRSlEsBSwBHAAAAAAAAAAB0lC4="
        },
        {
            "ordered dicts", 4,
            "gASVPQAAAAAAAACMC2NvbGxlY3Rpb25zlIwLT3JkZXJlZERpY3SUk5QpUpSMAWGUaAIpUpSMAWKUaAIpUpSMAWOUSwFzc3Mu"
        },
        {
            "a settings class that contains itself", 3,
            "gANjb21lZ2Fjb25mLmJhc2UKQ29uZmlnCnEAKYFxAX1xAlgIAAAAX2NvbnRlbnRxA31xBChYAgAAAGxycQVHP7mZmZmZmZpYBgAAAHBhcmVudHEG"
            + "aAF1c2Iu"
        },
        {
            "a kind of dictionary", 2,
            "gAJjb21lZ2Fjb25mLmRpY3Rjb25maWcKRGljdENvbmZpZwpxACmBcQFYAgAAAGxycQJHP7mZmZmZmZpzfXEDWAUAAABmbGFnc3EEfXEFWAQAAABk"
            + "ZWVwcQaIc3NiLg=="
        },
        {
            "slots", 5,
            "gAWVMwAAAAAAAACMC3Rvb2xzLnNsb3RzlIwFU2xvdHOUk5QpgZROfZQojAFhlEsBjAFilF2USwJhdYaUYi4="
        },
        {
            "a kind of list", 4,
            "gASVIgAAAAAAAACMC3Rvb2xzLnN0YWNrlIwFU3RhY2uUk5QpgZQoSwFLAmUu"
        },
        {
            "keyword args", 3,
            "gANjZnVuY3Rvb2xzCnBhcnRpYWwKcQBjYnVpbHRpbnMKZ2V0YXR0cgpxAWN0b29scy5rdwpLdwpxAlgHAAAAX19uZXdfX3EDhnEEUnEFhXEGUnEH"
            + "KGgFaAKFcQh9cQlYAQAAAGFxCksDc050cQtiKVJxDH1xDWgKSwNzYi4="
        },
        {
            "a named tuple", 2,
            "gAJjdG9vbHMucG9pbnQKUG9pbnQKcQBLAUsChnEBgXECLg=="
        },
        {
            "a decimal", 5,
            "gAWVIQAAAAAAAACMB2RlY2ltYWyUjAdEZWNpbWFslJOUjAMwLjGUhZRSlC4="
        },
        {
            "an uuid", 4,
            "gASVIAAAAAAAAACMBHV1aWSUjARVVUlElJOUKYGUfZSMA2ludJRLB3NiLg=="
        },
        {
            "a range and a slice", 3,
            "gANjYnVpbHRpbnMKcmFuZ2UKcQBLAEsDSwGHcQFScQJjYnVpbHRpbnMKc2xpY2UKcQNLAUsCTodxBFJxBYZxBi4="
        },
        {
            "a function of a library", 2,
            "gAJjX19idWlsdGluX18KbGVuCnEALg=="
        },
        {
            "bytes", 5,
            "gAWVFAAAAAAAAABDAmFilJYCAAAAAAAAAGNklIaULg=="
        },
    };
}
