namespace Espalier.Server.Requests;

/// <summary>What is wrong with a request, as OpenAI's clients read it.</summary>
/// <param name="status">HTTP's status.</param>
/// <param name="message">What is wrong, and the way out.</param>
/// <param name="param">The field; null where it is none.</param>
/// <param name="code">A word for programs; null for none.</param>
internal sealed class RequestException(int status, string message, string? param = null, string? code = null) : Exception(message)
{
    public int Status { get; } = status;

    /// <summary>The field; null where it is none.</summary>
    public string? Param { get; } = param;

    /// <summary>A word for programs; null for none.</summary>
    public string? Code { get; } = code;

    /// <summary>The kind of error, in OpenAI's words.</summary>
    public string Type => Status switch
    {
        401 or 403 => "authentication_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    /// <summary>A body that cannot be served.</summary>
    public static RequestException Bad(string message, string? param = null, string? code = null) => new(400, message, param, code);

    /// <summary>A prompt that the engine refuses, for its length or another reason.</summary>
    public static RequestException OfPrompt(EspalierException error, string? param = null) =>
        Bad(error.Message, param, error.Message.Contains("shorten", StringComparison.Ordinal) ? "context_length_exceeded" : null);

    /// <summary>Does what the model may refuse, which is what is wrong with the body then.</summary>
    public static T Guard<T>(string? param, Func<T> act, string? code = null)
    {
        try
        {
            return act();
        }
        catch (EspalierException error)
        {
            throw Bad(error.Message, param, code);
        }
    }
}
