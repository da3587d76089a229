namespace Espalier.Compression.Evaluation;

/// <summary>Losses as pages write them: nats with four places, and a standard error where there is one.</summary>
internal static class LossText
{
    /// <summary>What stands where a number is missing.</summary>
    public const string None = "–";

    /// <summary>3.1084 ± 0.0213; 3.1084 of one window or text, whose standard error nobody knows, and where all are alike.</summary>
    public static string WithError(double loss, double standardError) =>
        standardError == 0 ? Four(loss) : $"{Four(loss)} ± {Four(standardError)}";

    private static string Four(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
}
