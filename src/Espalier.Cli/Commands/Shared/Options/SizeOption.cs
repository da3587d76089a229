using System.CommandLine;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary>An option whose value is a size with its unit: without one it would be so many bytes.</summary>
internal sealed class SizeOption : Option<long?>
{
    internal SizeOption(string name, string description) : base(name)
    {
        (Description, HelpName) = (description, "SIZE");
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (text.Length > 0 && char.IsLetter(text[^1]) && Quantity.Bytes(text) is > 0 and < long.MaxValue and { } bytes)
                return (long)bytes;
            result.AddError($"{name} is '{text}'; it must be a size such as 500MB, 4GB or 3.5GB");
            return null;
        };
    }
}
