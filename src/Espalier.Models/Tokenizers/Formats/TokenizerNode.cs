namespace Espalier.Models.Tokenizers.Formats;

/// <summary>A value inside tokenizer.json that knows its file and its path there, so that every complaint names both.</summary>
internal readonly struct TokenizerNode(JsonElement element, string file, string path, int index = -1)
{
    // The path of an array's item is put together only when it is asked for: there are hundreds of thousands of merges.
    private string Path => index < 0 ? path : $"{path}[{index}]";

    public bool IsNull => element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    public bool IsString => element.ValueKind == JsonValueKind.String;

    public bool IsArray => element.ValueKind == JsonValueKind.Array;

    public EspalierException Refuse(string why) => new(Path.Length == 0 ? $"{file}: {why}" : $"{file}: {Path}: {why}");

    /// <summary>A member of this object; a null node where it is absent or this is null.</summary>
    public TokenizerNode this[string name]
    {
        get
        {
            var memberPath = Path.Length == 0 ? name : $"{Path}.{name}";
            if (IsNull)
                return new(default, file, memberPath);
            if (element.ValueKind != JsonValueKind.Object)
                throw Refuse($"an object is needed here, not {Kind}.");
            return new(element.TryGetProperty(name, out var member) ? member : default, file, memberPath);
        }
    }

    /// <summary>Whether this is an object with such a member, be it null.</summary>
    public bool Has(string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out _);

    public IEnumerable<TokenizerNode> Items()
    {
        if (!IsArray)
            throw Refuse($"an array is needed here, not {Kind}.");
        var position = 0;
        foreach (var item in element.EnumerateArray())
            yield return new(item, file, Path, position++);
    }

    public IEnumerable<(string Name, TokenizerNode Value)> Members()
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw Refuse($"an object is needed here, not {Kind}.");
        foreach (var member in element.EnumerateObject())
        {
            string name;
            try
            {
                name = member.Name;
            }
            catch (InvalidOperationException)
            {
                throw Refuse("a name in this object is not well-formed Unicode.");
            }
            yield return (name, new(member.Value, file, Path));
        }
    }

    public string Text()
    {
        if (!IsString)
            throw Refuse($"a string is needed here, not {Kind}.");
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Refuse("the string is not well-formed Unicode.");
        }
    }

    public string Text(string whenAbsent) => IsNull ? whenAbsent : Text();

    public bool Flag(bool whenAbsent) => element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null or JsonValueKind.Undefined => whenAbsent,
        _ => throw Refuse($"true or false is needed here, not {Kind}."),
    };

    public int Natural()
    {
        if (!IsNatural(out var value))
            throw Refuse(
                $"a whole number from 0 to {int.MaxValue} is needed here, not "
                    + $"{(element.ValueKind == JsonValueKind.Number ? element.GetRawText() : Kind)}.");
        return value;
    }

    public bool IsNatural(out int value)
    {
        value = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out value) && value >= 0;
    }

    public double Number(double whenAbsent) => IsNull ? whenAbsent : Number();

    public double Number() => element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var value) ? value
        : throw Refuse($"a number is needed here, not {Kind}.");

    /// <summary>What a step of type <c>Replace</c> replaces, a plain string, and by what.</summary>
    /// <param name="step">The kind of step with its article, for errors: <c>a decoder</c>.</param>
    public (string Pattern, string Content) Replacement(string step)
    {
        return this["pattern"]["String"].Text() is { Length: > 0 } pattern ? (pattern, this["content"].Text())
            : throw this["pattern"].Refuse("the string to replace is empty.");
    }

    private string Kind => element.ValueKind switch
    {
        JsonValueKind.Undefined => "nothing",
        JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "true or false",
        var kind => $"a{(kind is JsonValueKind.Array or JsonValueKind.Object ? "n" : "")} {kind.ToString().ToLowerInvariant()}",
    };
}
