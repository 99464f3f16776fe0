namespace ResNet.AspNetCore.Http.Requests;

/// <summary>How a heat map is answered.</summary>
internal enum HeatMapKind
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>In the JSON, as base64.</summary>
    InJson,

    /// <summary>As a PNG, in place of the JSON.</summary>
    Png,
}
